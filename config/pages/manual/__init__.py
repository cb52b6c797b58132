"""The manual: docs/ as a book under /docs/ of the running service."""
