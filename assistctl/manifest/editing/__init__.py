"""Edits manifests and the files they name: one value changes, every other byte stays.

Texts and edits go in, texts come out; nothing here writes a file.
"""
