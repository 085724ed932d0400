"""What turns a question and text into judgements and words; knows no file and no index."""
