"""Fast implementations of layers that several encoders use."""
