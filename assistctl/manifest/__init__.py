"""YAML to desired and back: reads, checks and resolves manifests; writes, edits and formats them."""
