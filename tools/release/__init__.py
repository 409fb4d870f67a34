"""Everything that a release publishes, from one command: `make release VERSION=1.2.3`."""
