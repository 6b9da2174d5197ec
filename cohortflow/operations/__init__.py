"""Operations: bring the whole system up on one machine, put its deployments into force, and see that it is well."""
