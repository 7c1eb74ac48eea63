"""task-deploy: files in S3 run your Python and become commands on SQS."""

__version__ = "0.1.0"
