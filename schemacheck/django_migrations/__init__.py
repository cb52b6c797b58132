"""Django's migrations, said as SQL, judged at their operations' lines and tried on a copy."""
