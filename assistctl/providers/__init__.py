"""The remote side: profiles, one HTTP client, and the Assistants protocol over it."""
