"""The names of the X-Ray SDK's recorder, for code that was written against it."""
