"""The command `handrail`. In the wheel this is the package of that name, with the service's packages beneath it."""
