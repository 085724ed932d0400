"""The kinds of file that docqa reads: their media types, names and file name extensions."""

from __future__ import annotations

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
EPUB = "application/epub+zip"
HTML = "text/html"
CSV = "text/csv"
TSV = "text/tab-separated-values"
MARKDOWN = "text/markdown"
PLAIN = "text/plain"

LABELS = {
    PDF: "a PDF document",
    DOCX: "a Word document (DOCX)",
    PPTX: "a PowerPoint presentation (PPTX)",
    XLSX: "an Excel workbook (XLSX)",
    EPUB: "an EPUB book",
    HTML: "HTML",
    CSV: "CSV",
    TSV: "TSV",
    MARKDOWN: "Markdown",
    PLAIN: "plain text",
}
EXTENSIONS = {
    ".pdf": PDF,
    ".docx": DOCX,
    ".docm": DOCX,
    ".dotx": DOCX,
    ".dotm": DOCX,
    ".pptx": PPTX,
    ".pptm": PPTX,
    ".ppsx": PPTX,
    ".ppsm": PPTX,
    ".potx": PPTX,
    ".potm": PPTX,
    ".xlsx": XLSX,
    ".xlsm": XLSX,
    ".xltx": XLSX,
    ".xltm": XLSX,
    ".epub": EPUB,
    ".html": HTML,
    ".htm": HTML,
    ".xhtml": HTML,
    ".xht": HTML,
    ".csv": CSV,
    ".tsv": TSV,
    ".tab": TSV,
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
    ".mdown": MARKDOWN,
    ".mkd": MARKDOWN,
    ".txt": PLAIN,
    ".text": PLAIN,
    ".log": PLAIN,
    ".rst": PLAIN,
}
# Kinds whose content tells them; the others are told by the file's name.
SELF_EVIDENT = frozenset({PDF, DOCX, PPTX, XLSX, EPUB})
# Names that promise a kind which docqa does not read: text under such a name is not what its name says.
FOREIGN_EXTENSIONS = frozenset({
    ".doc", ".xls", ".ppt", ".xlsb", ".odt", ".ods", ".odp", ".zip", ".gz", ".7z", ".rar", ".tar", ".jpg", ".jpeg",
    ".png", ".gif", ".tif", ".tiff", ".bmp", ".webp", ".heic", ".mp3", ".mp4", ".wav", ".avi", ".mov", ".exe", ".dll",
    ".so", ".mobi", ".azw3", ".djvu",
})  # fmt: skip
READABLE = "docqa reads PDF, DOCX, PPTX, XLSX, CSV, HTML, EPUB, Markdown and plain text"
