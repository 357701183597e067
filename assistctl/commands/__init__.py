"""One verb per module: plain functions from settings to results. No click, no printing."""
