"""The embedded Assistants server: the ``local`` profile, ``serve`` and the contract tests.

A pure core over SQLite, in layers::

    http.py            HTTP/1.1 on loopback, signals, clean stop; connections.py: its sockets
    app.py             Request → Answer: routes, the key, the five operations; never raises
    paging.py          query parameters of the list
    validation.py      request bodies; tool_, resource_, metadata_checks.py and checks.py below
    assistants.py      what is stored for a create and after a modify
    defaults.py        what the server fills in on the way out
    json_body.py       bytes → JSON object, hostile input refused
    moods.py           other servers' habits, by name; mood_requests, mood_answers, mood_lists.py below
    store.py           SQLite: rows of ready JSON text; database.py: its file
    messages.py        Request, Answer, Refused: the words of all of them

It shares no code with the client side (providers, manifest), so that each proves the other.

In one process::

    app = App(Store(":memory:"))
    answer = app.handle(Request("GET", "/assistants"))

Over HTTP, for a test::

    with running(app.handle) as url: ...
"""
