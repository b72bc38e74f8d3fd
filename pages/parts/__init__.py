"""What each page is made of; `common` holds what several share. The seven entry scripts above are thin."""
