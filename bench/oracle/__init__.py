"""What bench/differential.py needs to ask npm `swagger-client` the same questions."""
