"""Moving a project to lambda_tracer: what `lambda-tracer migrate` finds, decides and writes.

A project is read (`project`), each Python file is understood (`python_file`), it is decided which of them move
(`programs`), and what follows for requirements and templates. Nothing is written before all of that is known.
"""
