"""Reads security monitors and smart devices, and publishes reports whose numbers can be traced."""

__version__ = "0.1.0"
