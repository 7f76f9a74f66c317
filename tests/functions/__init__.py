"""Functions that tests run in Lambda's own runtime client; `running` says how."""
