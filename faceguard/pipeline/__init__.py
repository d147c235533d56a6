"""From a frame to an observation, one file per stage; none of them decides about the door."""
