package main

# Which models assistants may use, and how long prompts should be.

allowed_models := {"gpt-4o", "gpt-4o-mini", "gpt-4.1-mini"}

longest_prompt := 20000

written contains change if {
	some change in input.resource_changes
	some action in change.change.actions
	action in {"create", "update"}
}

deny contains msg if {
	some change in written
	not change.change.after.model in allowed_models
	msg := sprintf("%s would use the model %s", [change.address, change.change.after.model])
}

warn contains msg if {
	some change in written
	size := count(change.change.after.instructions)
	size > longest_prompt
	msg := sprintf("the prompt of %s has %d characters", [change.address, size])
}
