//! Layers for tower services.
