"""The speaking pipeline: queue -> sentences -> chain -> channel -> outputs -> spoken."""
