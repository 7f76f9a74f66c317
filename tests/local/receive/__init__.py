"""What a function says arrives: documents, answers and its log, whatever else comes."""
