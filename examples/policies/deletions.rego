package main

# What a plan may delete.

most_deletions := 5

deletions contains change if {
	some change in input.resource_changes
	"delete" in change.change.actions
}

deny contains msg if {
	some change in deletions
	change.change.before.metadata.tier == "critical"
	msg := sprintf("%s is critical and would be deleted", [change.address])
}

deny contains msg if {
	count(deletions) > most_deletions
	msg := sprintf("%d assistants would be deleted, at most %d may be", [count(deletions), most_deletions])
}
