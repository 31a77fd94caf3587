"""One supervisor that owns every process of the demo: servers, web, live, worker and beat."""
