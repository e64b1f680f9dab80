# What is mirrored: a session for each network interface, all of its traffic.

resource "aws_ec2_traffic_mirror_target" "this" {
  description               = var.name
  network_load_balancer_arn = aws_lb.this.arn
  tags                      = local.tags
}

resource "aws_ec2_traffic_mirror_filter" "this" {
  description = var.name
  tags        = local.tags
}

resource "aws_ec2_traffic_mirror_filter_rule" "this" {
  for_each                 = toset(["ingress", "egress"])
  traffic_mirror_filter_id = aws_ec2_traffic_mirror_filter.this.id
  traffic_direction        = each.value
  rule_number              = 100
  rule_action              = "accept"
  source_cidr_block        = "0.0.0.0/0"
  destination_cidr_block   = "0.0.0.0/0"
}

resource "aws_ec2_traffic_mirror_session" "this" {
  for_each                 = var.source_network_interface_ids
  description              = "${var.name} ${each.key}"
  network_interface_id     = each.value
  traffic_mirror_filter_id = aws_ec2_traffic_mirror_filter.this.id
  traffic_mirror_target_id = aws_ec2_traffic_mirror_target.this.id
  session_number           = 1
  virtual_network_id       = var.vni
  tags                     = local.tags
}
