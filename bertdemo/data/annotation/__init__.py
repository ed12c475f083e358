"""What annotation tools write: which answers of annotators are labels, and which are not."""
