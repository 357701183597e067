"""Manifests as text: remote assistants become files, and files get one form."""
