variable "name" {
  description = "Name of everything that is made; at most 20 characters, for the load balancer's sake."
  type        = string
  default     = "flumen-mirror"

  validation {
    condition     = can(regex("^[a-zA-Z][a-zA-Z0-9-]{0,19}$", var.name))
    error_message = "Letters, digits and hyphens, at most 20."
  }
}

variable "vpc_id" {
  description = "VPC that the mirrored traffic is brought to."
  type        = string
}

variable "subnet_ids" {
  description = "Subnets of the load balancer and the instances; one for each availability zone."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) > 0
    error_message = "At least one subnet."
  }
}

variable "source_cidr_blocks" {
  description = "Networks whose interfaces are mirrored: VXLAN is accepted from these."
  type        = list(string)
}

variable "source_network_interface_ids" {
  description = "Network interfaces that are mirrored, by any name."
  type        = map(string)
  default     = {}
}

variable "vni" {
  description = "VXLAN network identifier of the mirror sessions."
  type        = number
  default     = 1

  validation {
    condition     = var.vni >= 0 && var.vni <= 16777215
    error_message = "A VNI has 24 bits."
  }
}

variable "package_url" {
  description = "Where the instances get the Debian package: https://… or s3://bucket/key."
  type        = string

  validation {
    condition     = can(regex("^(https|s3)://", var.package_url))
    error_message = "https://… or s3://…"
  }
}

variable "package_sha256" {
  description = "SHA-256 of the package: another file is not installed."
  type        = string

  validation {
    condition     = can(regex("^[0-9a-f]{64}$", var.package_sha256))
    error_message = "64 hexadecimal digits."
  }
}

variable "package_bucket_arn" {
  description = "ARN of the bucket of an s3:// package, which the instances may read then."
  type        = string
  default     = null
}

variable "image_id" {
  description = "Image with Debian 13 or another system that takes the package; by default Debian's newest."
  type        = string
  default     = null
}

variable "instance_type" {
  description = "Instances with ENA: c5n.large and larger take 85,000 packets a second and more."
  type        = string
  default     = "c5n.large"
}

variable "key_name" {
  description = "Key pair for SSH; none by default."
  type        = string
  default     = null
}

variable "max_size" {
  description = "Most instances. The least is one."
  type        = number
  default     = 4

  validation {
    condition     = var.max_size >= 1
    error_message = "At least one."
  }
}

variable "interface" {
  description = "Device where the mirrored frames arrive, as the instances name it."
  type        = string
  default     = "ens5"
}

variable "target_interface" {
  description = "Device where the inner packets leave; a second network interface, unless it is the first."
  type        = string
  default     = "ens6"
}

variable "nat_ip" {
  description = "Address that matching inner packets are sent to."
  type        = string
}

variable "nat_port" {
  description = "Port that they are sent to."
  type        = number
  default     = 8080
}

variable "source_port" {
  description = "Source port of the inner packets that are sent there."
  type        = number
  default     = 31765
}

variable "health_check_port" {
  description = "TCP port of flumen-metrics on the instances: health for the load balancer, metrics for Prometheus."
  type        = number
  default     = 9464
}

variable "metric_namespace" {
  description = "CloudWatch namespace of the instances' metrics."
  type        = string
  default     = "VXLAN/Pipeline"
}

variable "packet_rate_threshold" {
  description = "Packets a second, averaged over the instances, at which the alarm on the rate goes off."
  type        = number
  default     = 1000000
}

variable "packet_rate_alarm" {
  description = "Whether the rate is alarming above the threshold (more instances are needed) or below it (less than was promised)."
  type        = string
  default     = "above"

  validation {
    condition     = contains(["above", "below"], var.packet_rate_alarm)
    error_message = "above or below."
  }
}

variable "alarm_actions" {
  description = "ARNs that are told of an alarm: SNS topics, say."
  type        = list(string)
  default     = []
}

variable "tags" {
  description = "Tags of everything."
  type        = map(string)
  default     = {}
}
