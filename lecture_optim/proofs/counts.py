"""From counting sightings to accumulated squares."""
