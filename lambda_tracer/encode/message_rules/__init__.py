"""The rules by which the messages of libraries' exceptions lose the values in them: one small file a library.

`owner` says whose an exception is. A rule is loaded with the first exception that it is for.
"""
