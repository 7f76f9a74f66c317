# An example: the layer, and a function that is traced without a change to its code, by Terraform.
#
#   make layer
#   terraform init && terraform apply        in this folder

terraform {
  required_version = ">= 1.5"
  required_providers {
    archive = {
      source  = "hashicorp/archive"
      version = ">= 2.4"
    }
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.22"
    }
  }
}

variable "runtime" {
  description = "The function's runtime"
  type        = string
  default     = "python3.13"
}

locals {
  layer = "${path.module}/../../layer/dist/lambda-tracer-layer.zip"
}

resource "aws_lambda_layer_version" "lambda_tracer" {
  layer_name               = "lambda-tracer"
  filename                 = local.layer
  source_code_hash         = filebase64sha256(local.layer)
  compatible_runtimes      = ["python3.10", "python3.11", "python3.12", "python3.13", "python3.14"]
  compatible_architectures = ["arm64", "x86_64"]
  license_info             = "Apache-2.0"
}

data "archive_file" "function" {
  type        = "zip"
  source_dir  = "${path.module}/../zero_code"
  output_path = "${path.module}/.terraform/function.zip"
}

resource "aws_lambda_function" "shipping" {
  function_name    = "lambda-tracer-shipping"
  role             = aws_iam_role.shipping.arn
  runtime          = var.runtime
  architectures    = ["arm64"]
  handler          = "app.lambda_handler"
  filename         = data.archive_file.function.output_path
  source_code_hash = data.archive_file.function.output_base64sha256
  layers           = [aws_lambda_layer_version.lambda_tracer.arn]
  timeout          = 10

  tracing_config {
    mode = "Active"
  }

  environment {
    variables = {
      AWS_LAMBDA_EXEC_WRAPPER = "/opt/lambda-tracer"
      POWERTOOLS_SERVICE_NAME = "shipping"
      WAREHOUSE_TOPIC_ARN     = aws_sns_topic.warehouse.arn
    }
  }
}

resource "aws_sns_topic" "warehouse" {
  name = "lambda-tracer-warehouse"
}

resource "aws_iam_role" "shipping" {
  name = "lambda-tracer-shipping"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy_attachment" "logs" {
  role       = aws_iam_role.shipping.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}

resource "aws_iam_role_policy_attachment" "traces" {
  role       = aws_iam_role.shipping.name
  policy_arn = "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess"
}

resource "aws_iam_role_policy" "publish" {
  name = "publish"
  role = aws_iam_role.shipping.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "sns:Publish"
      Resource = aws_sns_topic.warehouse.arn
    }]
  })
}

output "function_name" {
  value = aws_lambda_function.shipping.function_name
}
