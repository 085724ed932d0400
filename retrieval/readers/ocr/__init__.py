"""From the picture of a page to its words, by whichever OCR engine this machine has."""
