"""ESMAP's models, one module (or package) each, with a function `build`."""
