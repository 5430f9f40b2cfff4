locals {
  logs = one([for t in var.cloudtrail[*] : "s3://${t.bucket}/${t.path}/${t.account}/CloudTrail/${t.region}"])

  # https://docs.aws.amazon.com/athena/latest/ug/create-cloudtrail-table-partition-projection.html
  user_identity = join("", [
    "struct<type:string,principalid:string,arn:string,accountid:string,invokedby:string,accesskeyid:string,username:string,",
    "sessioncontext:struct<attributes:struct<mfaauthenticated:string,creationdate:string>,",
    "sessionissuer:struct<type:string,principalid:string,arn:string,accountid:string,username:string>>>",
  ])

  log_columns = [
    "eventversion", "useridentity", "eventtime", "eventsource", "eventname", "awsregion", "sourceipaddress", "useragent",
    "errorcode", "errormessage", "requestparameters", "responseelements", "additionaleventdata", "requestid", "eventid",
    "readonly", "eventtype", "recipientaccountid", "sharedeventid",
  ]
}

resource "aws_glue_catalog_table" "cloudtrail" {
  count = var.cloudtrail == null ? 0 : 1

  name          = "cloudtrail_logs"
  database_name = aws_glue_catalog_database.record.name
  description   = "The log files of CloudTrail of one account in one region."
  table_type    = "EXTERNAL_TABLE"

  parameters = {
    EXTERNAL                       = "TRUE"
    "projection.enabled"           = "true"
    "projection.day.type"          = "date"
    "projection.day.format"        = "yyyy/MM/dd"
    "projection.day.interval"      = "1"
    "projection.day.interval.unit" = "DAYS"
    "projection.day.range"         = "${var.cloudtrail.since},NOW"
    "storage.location.template"    = "${local.logs}/$${day}"
  }

  partition_keys {
    name = "day"
    type = "string"
  }

  storage_descriptor {
    location      = local.logs
    input_format  = "com.amazon.emr.cloudtrail.CloudTrailInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"

    ser_de_info {
      serialization_library = "org.apache.hive.hcatalog.data.JsonSerDe"
    }

    dynamic "columns" {
      for_each = local.log_columns

      content {
        name = columns.value
        type = columns.value == "useridentity" ? local.user_identity : "string"
      }
    }
  }
}
