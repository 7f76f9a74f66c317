"""The SAM application, and the same layer for the AWS CDK and Terraform."""
