"""PDF files: PDFium in a child process reads them, pypdf stands in for a page that PDFium cannot read."""
