"""The plan as one HTML page for reviewers: no network, no dependencies, readable without JavaScript.

Untrusted text becomes HTML in one place, :mod:`~assistctl.render.html.elements`.
"""
