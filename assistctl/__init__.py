"""assistctl keeps a fleet of AI assistants equal to YAML manifests in git."""

__version__ = "0.1.0"
