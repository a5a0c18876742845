"""Documents are read behind walls: a zygote that holds nothing forks a child for each, which holds nothing but the document."""
