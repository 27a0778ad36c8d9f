"""Following files: from bytes on disk to lines with the offsets that acknowledge them."""
