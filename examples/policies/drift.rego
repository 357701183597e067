package main

# What somebody changed outside git since the last apply.

warn contains msg if {
	some change in input.assistctl.changes
	some field in change.fields
	field.cause == "drift"
	msg := sprintf("%s: %s was changed outside", [change.key, field.field])
}
