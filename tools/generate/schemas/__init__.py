"""The schemas that the checker carries: from the CRDs and the OpenAPI of pinned Go modules to compact package data."""
