"""Libraries whose calls are traced: each is patched the moment it is imported.

`registry` knows the libraries, `import_hook` when one is imported, `replace` how a function is put in the place of
another; `unpatch` and `undo` take it all back. Each library has a small file of its own: AWS, HTTP and SQL in rooms of
theirs.
"""
