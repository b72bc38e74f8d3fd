"""An analysed analysis for the world outside: tables, subtitles, pictures, an annotated video and a report."""
