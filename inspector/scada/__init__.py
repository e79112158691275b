"""Our OPC UA server for SCADA and MES: results and states, to be read and never written."""
