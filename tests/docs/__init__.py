"""The documentation does what it says: README.md, CONTRIBUTING.md, SECURITY.md, and the pages of the site."""
