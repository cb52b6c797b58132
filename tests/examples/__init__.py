"""What is asked of the demo's data for the examples of the API's documentation, app by app, and their recorder."""
