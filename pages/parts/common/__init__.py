"""What several pages share: the choices in the sidebar, caches, calm errors, uploads, face cards, corrections."""
