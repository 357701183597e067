"""Views: plan, report, findings and tables as plain data → styled lines or JSON documents.

Nothing here decides, prints or reads. Text leaves as :class:`~assistctl.render.style.Line` values whose
spans hold raw text; :func:`~assistctl.render.style.texts` escapes every span on the way out, so that no
view can forget it.
"""
