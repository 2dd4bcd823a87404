"""Charts as SVG, made here: whoever shows one needs no script and nothing from elsewhere."""
