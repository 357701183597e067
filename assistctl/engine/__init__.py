"""Decisions: canonical form, ownership, matching, three-way comparison, plan, guards, apply.

Pure: no files, sockets, clock, environment or print. Effects happen only through the ports that a
caller hands in (``Provider``, ``Clock``).
"""
