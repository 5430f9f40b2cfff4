-- What `assumebot record reconcile` finds, asked of Athena. deploy/docs/cloudtrail.md says how.
-- Columns as AWS documents them:
-- https://docs.aws.amazon.com/athena/latest/ug/create-cloudtrail-table-partition-projection.html
-- It has been held to CloudTrail's documented fields by a test, and never run by Athena.

-- 1. The log files of one account in one region. Replace the bucket, the account and the region,
--    in both places. For an organization's trail put its ID before the account.
CREATE EXTERNAL TABLE cloudtrail_logs (
  eventversion STRING,
  useridentity STRUCT<
    type: STRING,
    principalid: STRING,
    arn: STRING,
    accountid: STRING,
    invokedby: STRING,
    accesskeyid: STRING,
    username: STRING,
    sessioncontext: STRUCT<
      attributes: STRUCT<
        mfaauthenticated: STRING,
        creationdate: STRING>,
      sessionissuer: STRUCT<
        type: STRING,
        principalid: STRING,
        arn: STRING,
        accountid: STRING,
        username: STRING>>>,
  eventtime STRING,
  eventsource STRING,
  eventname STRING,
  awsregion STRING,
  sourceipaddress STRING,
  useragent STRING,
  errorcode STRING,
  errormessage STRING,
  requestparameters STRING,
  responseelements STRING,
  additionaleventdata STRING,
  requestid STRING,
  eventid STRING,
  readonly STRING,
  eventtype STRING,
  recipientaccountid STRING,
  sharedeventid STRING
)
PARTITIONED BY (`day` STRING)
ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe'
STORED AS INPUTFORMAT 'com.amazon.emr.cloudtrail.CloudTrailInputFormat'
OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
LOCATION 's3://my-cloudtrail-bucket/AWSLogs/111111111111/CloudTrail/eu-west-1'
TBLPROPERTIES (
  'projection.enabled'='true',
  'projection.day.type'='date',
  'projection.day.format'='yyyy/MM/dd',
  'projection.day.interval'='1',
  'projection.day.interval.unit'='DAYS',
  'projection.day.range'='2026/01/01,NOW',
  'storage.location.template'='s3://my-cloudtrail-bucket/AWSLogs/111111111111/CloudTrail/eu-west-1/${day}'
);

-- 2. The entries of the record, one JSON object a line, in a bucket:
--    assumebot record show 0.. --redis --json >record.jsonl
--    It is private: it says who got what, and why.
CREATE EXTERNAL TABLE assumebot_record (
  `number` BIGINT,
  leaf STRING
)
ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'
LOCATION 's3://my-athena-bucket/assumebot-record/';

-- 3. Calls of an IAM user that issue credentials and are not on the record.
SELECT c.eventtime, c.eventname, c.errorcode, c.sourceipaddress, c.useragent, c.useridentity.accesskeyid,
       json_extract_scalar(c.requestparameters, '$.roleArn') AS role, c.requestid, c.eventid
FROM cloudtrail_logs c
LEFT JOIN assumebot_record r
  ON json_extract_scalar(r.leaf, '$.data.sts_request_id') = c.requestid
WHERE c.day >= '2026/11/20'
  AND c.eventsource = 'sts.amazonaws.com'
  AND c.eventname IN ('AssumeRole', 'GetSessionToken', 'GetFederationToken', 'AssumeRoot')
  AND c.useridentity.arn IN ('arn:aws:iam::111111111111:user/alice')
  AND r.leaf IS NULL
ORDER BY c.eventtime;

-- 4. Other uses of the keys that the bot holds.
SELECT eventtime, eventsource, eventname, errorcode, sourceipaddress, useragent, useridentity.accesskeyid, eventid
FROM cloudtrail_logs
WHERE day >= '2026/11/20'
  AND useridentity.accesskeyid IN ('AKIAALICE00000000000')
  AND eventname NOT IN ('AssumeRole', 'GetSessionToken')
ORDER BY eventtime;

-- 5. What each Grant was used for.
SELECT json_extract_scalar(r.leaf, '$.request') AS granted, json_extract_scalar(r.leaf, '$.actor.name') AS person,
       c.eventsource, count(DISTINCT c.eventid) AS calls, min(c.eventtime) AS first, max(c.eventtime) AS last
FROM assumebot_record r
JOIN cloudtrail_logs c
  ON c.useridentity.accesskeyid = json_extract_scalar(r.leaf, '$.data.access_key_id')
WHERE c.day >= '2026/11/20'
  AND json_extract_scalar(r.leaf, '$.kind') = 'granted'
GROUP BY 1, 2, 3
ORDER BY 1, 4 DESC;
