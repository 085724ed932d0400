"""The Streamlit page; only draws."""
