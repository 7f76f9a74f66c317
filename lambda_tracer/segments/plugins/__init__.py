"""Where a segment was recorded: readers for EC2, ECS and Elastic Beanstalk, each asked where it is named."""
