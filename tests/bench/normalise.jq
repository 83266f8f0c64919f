# Exercise E8 as one program: readings to columns, one sensor, its total force, strong movements only.
.payload[]
| .name as $sensor
| {time} + (.values | with_entries(.key |= "\($sensor)-\(.)"))
| select(has("accelerometer-x"))
| {time, "accelerometer-x", "accelerometer-y", "accelerometer-z"}
| ."accelerometer-total" = ([."accelerometer-x", ."accelerometer-y", ."accelerometer-z"] | map(fabs) | add)
| select(."accelerometer-total" > 50)
