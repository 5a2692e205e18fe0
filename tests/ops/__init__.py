"""Routes for machines and operators."""
